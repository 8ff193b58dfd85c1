"""The shared pass: images through networks once, for everything that later reads what they said."""
