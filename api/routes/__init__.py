"""Routes: parse, call one verb, shape the answer."""
