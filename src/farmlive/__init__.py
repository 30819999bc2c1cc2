"""farmlive: self-hosted livestreaming commerce for local produce."""
