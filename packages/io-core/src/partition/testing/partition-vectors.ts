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
];
