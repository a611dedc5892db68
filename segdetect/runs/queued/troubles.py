"""Why a run in the background waits or failed, in words for who has no command line."""

from __future__ import annotations

from segdetect.errors import ClusterError, SegDetectError, SettingsError, StorageError


def did_nothing() -> StorageError:
    """It had begun and done nothing more when the program ended."""
    return StorageError(
        "the program ended before this run had done anything more",
        remedy="Go on with it. If the program ends again, leave out the pictures that come next",
    )


def without_workers(error: ClusterError) -> ClusterError:
    """The machines that inspect are not there; which these are is for who runs the server, and in its log."""
    remedy = "What is done stays. Go on with the run when the scheduler and its workers are there again"
    return ClusterError(error.problem, remedy=remedy)


def without_resume(error: SegDetectError) -> SegDetectError:
    """What a run that is gone on with finds changed."""
    if not isinstance(error, SettingsError):
        return error
    return SettingsError(error.problem, remedy="Start it anew; what is done stays in this one", file=error.file)


def fault(error: Exception) -> SegDetectError:
    """A mistake of the program."""
    return SegDetectError(
        f"the run failed ({type(error).__name__}), which is a fault of the program and not of your pictures",
        remedy="Go on with it once more. What the server wrote in its log helps to mend it",
    )
