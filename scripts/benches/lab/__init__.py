"""What benches stand on: servers, databases, namespaces, browsers, and faults on command."""
