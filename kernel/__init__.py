"""What design time and run time share: the model, the language, field types, rights, the platform. Knows neither side."""
