"""The schema, as plain SQL in dbmate's format; `storage.migrations` applies it."""
