"""How a request becomes a Ctx and an answer: routes, sign-in, CSRF, errors, static files, the frame of a page."""
