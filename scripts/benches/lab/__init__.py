"""The benches' laboratory: servers, databases, namespaces, browsers, and injected faults."""
