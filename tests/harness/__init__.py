"""What the tests of the running program are made of: servers to start and stop, clients, waiting."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
