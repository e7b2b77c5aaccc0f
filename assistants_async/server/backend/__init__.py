"""The responder over a chat-completions endpoint: turns become prompts, and chunks become actions."""
