"""What the fuzzer of the service's interface cannot know by itself."""
import schemathesis

# Parts of an upload are bytes as they are.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
