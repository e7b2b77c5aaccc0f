"""For tests of code that uses the client: fixtures, and mocks that work with every aiohttp."""
