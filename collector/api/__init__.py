"""What head office says over HTTP; one file a noun."""
