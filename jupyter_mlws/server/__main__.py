"""`python -m jupyter_mlws.server`: the workspace service."""

from jupyter_mlws.server.app import main

if __name__ == "__main__":
    main()
