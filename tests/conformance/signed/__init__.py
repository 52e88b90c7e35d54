"""Whether answers of signed zones can be validated: RFC 4035 §5 and RFC 5155 §8, written anew."""
