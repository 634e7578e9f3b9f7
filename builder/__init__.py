"""Design time: drafts and packages in, releases out."""
