"""What schemathesis must be told of our API: read by schema.py's run of it."""
import schemathesis

# tus 1.0: bytes, by another name.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
