"""Work on many clips: manifests, and what runs them."""
