"""JSON as the firewall reads it: no byte, repeated key or spelling of a number is lost."""
