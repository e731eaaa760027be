"""Makes the encrypted Parquet files of this folder; needs pyarrow. Run it only to add a case: tests expect these very files."""

import base64
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

HERE = Path(__file__).parent


class PlainKms(pe.KmsClient):
    """Keys that are no secret."""

    def __init__(self, _connection):
        super().__init__()

    def wrap_key(self, key_bytes, _master_key_identifier):
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key, _master_key_identifier):
        return base64.b64decode(wrapped_key)


table = pa.table({"id": pa.array([1, 2], pa.int64()), "secret": ["a", "b"]})
factory = pe.CryptoFactory(PlainKms)
for name, plaintext_footer in [("encrypted", False), ("encrypted-column", True)]:
    config = pe.EncryptionConfiguration(
        footer_key="footer", column_keys={"column": ["secret"]}, plaintext_footer=plaintext_footer
    )
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), config)
    with pq.ParquetWriter(HERE / f"{name}.parquet", table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
