"""What ``streamlit run`` executes; see ``automed dashboard``."""

from automed.dashboard.shell import main

main()
