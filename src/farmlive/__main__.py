"""The command `farmlive`, also as `python -m farmlive`."""

import gc


def main() -> None:
    """Import the commands, and run the one on the command line."""
    # Imported modules stay: collecting garbage among them took a quarter of a start.
    gc.disable()
    from farmlive.cli.main import main as run

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
