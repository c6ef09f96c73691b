"""What training steps compute, in the logs of the libraries that run them: transformers, accelerate, lightning."""
