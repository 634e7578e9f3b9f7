"""Forms made from the release: layout, controls, parsing, live rules, drafts."""
