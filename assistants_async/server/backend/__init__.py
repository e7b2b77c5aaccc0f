"""A model behind a chat-completions endpoint as the responder of runs: prompts out, chunks in, actions out."""
