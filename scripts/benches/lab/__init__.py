"""The laboratory of the benches: servers, databases, namespaces, browsers, and injected faults."""
