"""What takes more than one call, or more than one view of an answer: streamed runs, files and stores."""
