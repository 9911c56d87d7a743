"""The lasting world: records and queries by bounded context, the cache, the queue, the objects."""
