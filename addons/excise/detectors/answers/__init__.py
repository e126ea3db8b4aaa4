"""What only answers can do wrong: instructions repeated, data in links, made-up names."""
