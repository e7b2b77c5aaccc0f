"""Names of the environment variables that commands read."""

from __future__ import annotations

KEY = "ASSISTANTS_API_KEY"
"""Environment variable with the key that requests must carry."""
BACKEND_KEY = "ASSISTANTS_BACKEND_KEY"
"""Environment variable with the backend's own key."""
CLIENT_KEY = "OPENAI_API_KEY"
"""Environment variable with the key for another server, which clients read too."""
FOUNDRY_KEY = "AZURE_AI_TOKEN"
"""Environment variable with a bearer token for Foundry."""
BASE_URL = "OPENAI_BASE_URL"
"""Environment variable with the base URL of another server, which clients read too."""
