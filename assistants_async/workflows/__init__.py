"""Workflows of several calls, or with several views of an answer: streamed runs, files and stores."""
