"""Files: uploaded in parts, ingested by the hundred, waited for in vector stores."""
