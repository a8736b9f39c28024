"""§4: AlphaRL and other forecasts of the trained model."""
