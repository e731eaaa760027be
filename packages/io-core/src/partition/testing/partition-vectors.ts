import type { PartitionValue } from '@deltacat/contract';

/** Values of columns, and the partition values that the official Python io-core 0.1.67 gives them. */
export const PARTITION_VECTORS: {
  type: string;
  values: PartitionValue[];
  partitions: Record<string, PartitionValue[]>;
}[] = [
  {
    type: 'int64',
    values: [-15, 7, 0, -1, 9007199254740993n, -9223372036854775808n, 9223372036854775807n, null],
    partitions: {
      identity: [-15, 7, 0, -1, 9007199254740993n, -9223372036854775808n, 9223372036854775807n, null],
      'bucket(4)': [3, 1, 2, 0, 3, 1, 3, null],
      'truncate(10)': [-10, 0, 0, 0, 9007199254740990, -9223372036854775800n, 9223372036854775800n, null],
      'bucket(8)': [3, 5, 6, 0, 7, 5, 3, null],
      'bucket(1000)': [171, 85, 382, 104, 127, 293, 51, null],
      'bucket(1000, default)': [171, 85, 382, 104, 127, 293, 51, null],
    },
  },
  {
    type: 'int8',
    values: [-15, 7, null],
    partitions: {
      'truncate(10)': [-10, 0, null],
      'bucket(8)': [3, 5, null],
      'bucket(1000)': [171, 85, null],
      'bucket(1000, default)': [171, 85, null],
    },
  },
  {
    type: 'string',
    values: ['a', 'b', 'c', 'd', '', 'Grüße', '🤖🤖x', null],
    partitions: {
      identity: ['a', 'b', 'c', 'd', '', 'Grüße', '🤖🤖x', null],
      'truncate(2)': ['a', 'b', 'c', 'd', '', 'Gr', '🤖🤖', null],
      'bucket(8)': [7, 6, 4, 6, 6, 5, 1, null],
      'bucket(1000)': [759, 598, 716, 294, 606, 245, 937, null],
      'bucket(1000, default)': [759, 598, 716, 294, 606, 245, 937, null],
    },
  },
  {
    type: 'double',
    values: [
      1.0,
      -0,
      0.1,
      1e16,
      1000000000000000.0,
      123456789.125,
      1e-5,
      0.0001,
      5e-324,
      1.7976931348623157e308,
      1e22,
      -2.5e-7,
      null,
    ],
    partitions: {
      'bucket(8)': [5, 1, 7, 1, 4, 3, 2, 2, 2, 3, 1, 5, null],
      'bucket(1000)': [437, 241, 247, 945, 364, 579, 754, 98, 490, 779, 817, 165, null],
      'bucket(1000, default)': [437, 241, 247, 945, 364, 579, 754, 98, 490, 779, 817, 165, null],
    },
  },
  {
    type: 'bool',
    values: [true, false, null],
    partitions: {
      identity: [true, false, null],
      'bucket(8)': [6, 7, null],
      'bucket(1000)': [270, 79, null],
      'bucket(1000, default)': [270, 79, null],
    },
  },
  {
    type: 'binary',
    values: ['YWJj', 'aXQncw==', 'InEi', 'JyI=', 'AP8KXA==', '', null],
    partitions: {
      'bucket(8)': [5, 3, 1, 6, 0, 6, null],
      'bucket(1000)': [45, 291, 97, 110, 616, 958, null],
      'bucket(1000, default)': [45, 291, 97, 110, 616, 958, null],
    },
  },
  {
    type: 'fixed_size_binary[3]',
    values: ['YWJj', null],
    partitions: { 'bucket(8)': [5, null], 'bucket(1000)': [45, null], 'bucket(1000, default)': [45, null] },
  },
  {
    type: 'decimal128(10, 2)',
    values: ['12.50', '0.00', '-0.01', null],
    partitions: {
      'bucket(8)': [5, 6, 4, null],
      'bucket(1000)': [677, 758, 532, null],
      'bucket(1000, default)': [677, 758, 532, null],
    },
  },
  {
    type: 'decimal128(20, 9)',
    values: ['0.000000000', '0.000000012', '1.500000000', null],
    partitions: {
      'bucket(8)': [4, 4, 4, null],
      'bucket(1000)': [972, 444, 612, null],
      'bucket(1000, default)': [972, 444, 612, null],
    },
  },
  {
    type: 'date32[day]',
    values: ['2026-03-31', '1969-12-31', '0001-01-01', '9999-12-31', null],
    partitions: {
      identity: ['2026-03-31', '1969-12-31', '0001-01-01', '9999-12-31', null],
      year: [2026, 1969, 1, 9999, null],
      month: [3, 12, 1, 12, null],
      day: [31, 31, 1, 31, null],
      'bucket(8)': [6, 0, 7, 4, null],
      'bucket(1000)': [38, 424, 871, 372, null],
      'bucket(1000, default)': [38, 424, 871, 372, null],
    },
  },
  {
    type: 'time64[us]',
    values: ['12:30:00', '00:00:00.000001', null],
    partitions: {
      'bucket(8)': [1, 4, null],
      'bucket(1000)': [825, 444, null],
      'bucket(1000, default)': [825, 444, null],
    },
  },
  {
    type: 'timestamp[us]',
    values: ['2026-03-31T12:00:00.500000', '1969-12-31T23:59:59.999999', '0001-01-01T00:00:00', null],
    partitions: {
      identity: ['2026-03-31T12:00:00.500000', '1969-12-31T23:59:59.999999', '0001-01-01T00:00:00', null],
      year: [2026, 1969, 1, null],
      month: [3, 12, 1, null],
      day: [31, 31, 1, null],
      hour: [12, 23, 0, null],
      'bucket(8)': [3, 2, 2, null],
      'bucket(1000)': [259, 74, 450, null],
      'bucket(1000, default)': [259, 74, 450, null],
    },
  },
  {
    type: 'timestamp[us, tz=UTC]',
    values: ['2026-03-31T12:00:00+00:00', null],
    partitions: {
      year: [2026, null],
      day: [31, null],
      hour: [12, null],
      'bucket(8)': [4, null],
      'bucket(1000)': [804, null],
      'bucket(1000, default)': [804, null],
    },
  },
  {
    type: 'timestamp[us, tz=Europe/Berlin]',
    values: [
      '2026-03-31T22:30:00+00:00',
      '2026-03-29T00:59:59+00:00',
      '2026-03-29T01:00:00+00:00',
      '2025-12-31T23:30:00+00:00',
      null,
    ],
    partitions: {
      year: [2026, 2026, 2026, 2026, null],
      month: [4, 3, 3, 1, null],
      day: [1, 29, 29, 1, null],
      hour: [0, 1, 3, 0, null],
      'bucket(8)': [3, 3, 1, 5, null],
      'bucket(1000)': [595, 603, 777, 677, null],
      'bucket(1000, default)': [595, 603, 777, 677, null],
    },
  },
  {
    type: 'timestamp[s, tz=America/St_Johns]',
    values: ['2026-07-01T01:00:00+00:00', null],
    partitions: {
      day: [30, null],
      hour: [22, null],
      'bucket(8)': [7, null],
      'bucket(1000)': [439, null],
      'bucket(1000, default)': [439, null],
    },
  },
  {
    type: 'timestamp[ms, tz=+05:30]',
    values: ['2026-07-01T20:00:00+00:00', null],
    partitions: { day: [2, null], hour: [1, null] },
  },
  {
    type: 'uint64',
    values: [0, 9223372036854775808n, 18446744073709551615n, 15, null],
    partitions: { 'bucket(8)': [6, 4, 4, 0, null] },
  },
  {
    type: 'uint8',
    values: [0, 255, 15, null],
    partitions: {
      'bucket(1000)': [382, 548, 608, null],
      'bucket(1000, iceberg)': [676, 655, 272, null],
      'truncate(10)': [0, 250, 10, null],
    },
  },
  {
    type: 'int64',
    values: [-15, 7, 9223372036854775807n, -9223372036854775808n, null],
    partitions: { 'bucket(1000, iceberg)': [987, 619, 599, 829, null] },
  },
  {
    type: 'float',
    values: [0.5, 0.10000000149011612, -2.25, 1e10, Number.NaN, Number.POSITIVE_INFINITY, -0, null],
    partitions: {
      'bucket(1000)': [669, 854, 689, 289, 75, 684, 241, null],
      'bucket(1000, iceberg)': [797, 728, 476, 651, 826, 51, 211, null],
    },
  },
  {
    type: 'double',
    values: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e15, 1e16, 123456789012345680, 1.5, null],
    partitions: {
      'bucket(1000)': [75, 684, 590, 364, 945, 195, 766, null],
      'bucket(1000, iceberg)': [826, 51, 461, 42, 542, 210, 41, null],
    },
  },
  {
    type: 'string',
    values: ['', 'a', 'é', '🤖x🤖', 'Grüße', null],
    partitions: {
      'bucket(1000)': [606, 759, 265, 674, 245, null],
      'bucket(1000, iceberg)': [0, 850, 495, 552, 40, null],
      'truncate(1)': ['', 'a', 'é', '🤖', 'G', null],
      'truncate(2)': ['', 'a', 'é', '🤖x', 'Gr', null],
      'truncate(3)': ['', 'a', 'é', '🤖x🤖', 'Grü', null],
    },
  },
  {
    // Nothing; every byte that Python escapes in some way; one that is quoted otherwise.
    type: 'binary',
    values: ['', 'AP8nIlwKCQ0gYX8=', 'aXQncw==', null],
    partitions: {
      'bucket(1000)': [958, 259, 291, null],
      'bucket(1000, iceberg)': [0, 919, 688, null],
      'truncate(2)': ['', 'AP8=', 'aXQ=', null],
    },
  },
  {
    type: 'bool',
    values: [true, false, null],
    partitions: { 'bucket(1000)': [270, 79, null], 'bucket(1000, iceberg)': [556, 676, null] },
  },
  {
    type: 'decimal128(38, 10)',
    values: ['0.0000000001', '-12345678901234567890.0123456789', '0.0000000000', null],
    partitions: {
      'bucket(1000)': [575, 330, 562, null],
      'bucket(1000, iceberg)': [345, 582, 618, null],
    },
  },
  {
    type: 'date32[day]',
    values: ['2026-03-31', '1969-12-31', null],
    partitions: { 'bucket(1000, iceberg)': [393, 440, null], void: [null, null, null] },
  },
  {
    type: 'date64[ms]',
    values: ['2026-03-31', null],
    partitions: { year: [2026, null], month: [3, null], day: [31, null], 'bucket(1000)': [38, null] },
  },
  {
    type: 'time64[ns]',
    values: ['00:00:00.000000001', '23:59:59.999999999', '12:00:00', null],
    partitions: { 'bucket(1000)': [445, 708, 921, null] },
  },
  {
    type: 'time32[s]',
    values: ['00:00:01', '12:00:00', null],
    partitions: { 'bucket(1000)': [514, 921, null] },
  },
  {
    type: 'timestamp[ns]',
    values: ['2026-03-31T12:00:00.123456789', '1969-12-31T23:59:59.999999999', '1970-01-01T00:00:00', null],
    partitions: {
      year: [2026, 1969, 1970, null],
      day: [31, 31, 1, null],
      hour: [12, 23, 0, null],
      'bucket(1000)': [169, 929, 755, null],
    },
  },
  {
    type: 'timestamp[ns, tz=Asia/Kathmandu]',
    values: ['2026-03-31T12:00:00.123456789+00:00', '2026-03-31T12:00:00+00:00', null],
    partitions: { day: [31, 31, null], hour: [17, 17, null], 'bucket(1000)': [981, 601, null] },
  },
  {
    type: 'timestamp[s, tz=Europe/Dublin]',
    values: ['1970-01-01T00:00:00+00:00', '1969-12-31T23:59:59+00:00', '2026-03-31T12:00:00+00:00', null],
    partitions: {
      year: [1970, 1970, 2026, null],
      day: [1, 1, 31, null],
      hour: [1, 0, 13, null],
      'bucket(1000)': [355, 811, 191, null],
      'bucket(1000, iceberg)': [530, 534, 376, null],
    },
  },
  {
    // The last minutes of local time, and the hour that comes twice.
    type: 'timestamp[us, tz=America/New_York]',
    values: ['1883-11-18T17:00:00+00:00', '2025-11-02T05:30:00+00:00', '2025-11-02T06:30:00+00:00', null],
    partitions: {
      year: [1883, 2025, 2025, null],
      month: [11, 11, 11, null],
      day: [18, 2, 2, null],
      hour: [12, 1, 1, null],
    },
  },
];
