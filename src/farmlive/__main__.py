"""The command `farmlive`, also as `python -m farmlive`."""

import gc


def main() -> None:
    """Import the commands, and run the one that is asked for."""
    # What is imported stays: to look for garbage in it took a quarter of a start.
    gc.disable()
    from farmlive.cli.main import main as run

    gc.freeze()
    gc.enable()
    run()


if __name__ == "__main__":
    main()
