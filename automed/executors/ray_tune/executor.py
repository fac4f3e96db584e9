"""Several trials at a time, on the machines of a Ray cluster."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack

from ray import tune

from automed.domain.observer import Observer
from automed.executors.course import Course
from automed.executors.interrupts import Interrupts
from automed.executors.outcome import Outcome
from automed.executors.ray_tune.adapters import Closing, StudyScheduler, StudySearcher
from automed.executors.ray_tune.cluster import connected, nodes
from automed.executors.ray_tune.desk import Desk
from automed.executors.ray_tune.office import Office
from automed.executors.ray_tune.share import ANY, Room, Share, Wish, share_out
from automed.executors.ray_tune.training import TRIAL, Training
from automed.executors.run_trial import RunTrial
from automed.executors.watchers import Watchers
from automed.search.study import Study


def run(
    study: Study,
    run_trial: RunTrial,
    observers: Sequence[Observer] = (),
    *,
    address: str,
    wish: Wish = ANY,
) -> Outcome:
    """Run trials until the study has no more; see `automed.executors.inline.run`.

    The study stays in this process. ``ray.tune.Tuner`` places trainings and keeps their actors;
    what to train and when to stop comes from the study, so that nothing of Tune's own state is
    needed to go on: a search whose driver was lost is resumed from its journal. The training of an
    actor, or a node, that is lost goes on from its checkpoint elsewhere, once; then it fails.

    Args:
        study: As for ``inline``; its folder and the cache lie where all nodes can reach them.
        run_trial: As for ``inline``; must be picklable.
        observers: As for ``inline``.
        address: See `connected`.
        wish: How the cluster is to be shared out.

    Raises:
        ConstraintError: No config can be found that meets the constraints.
        StudyError: The journal cannot be written to, all trainings fail alike, or no cluster
            answers.
    """
    watchers = Watchers(observers)
    with (
        connected(address),
        watchers.hearing_of_rejected(study),
        Interrupts() as interrupts,
        tempfile.TemporaryDirectory(prefix="automed-tune-") as folder,
    ):
        course, desk = Course(study, watchers), Desk.here()
        share = share_out(nodes(), wish)
        office = Office(study, course, interrupts, desk, Room(nodes, share, wish.workers))
        with ExitStack() as stack:
            stack.callback(desk.clear)
            stack.callback(office.close)
            _tuner(office, desk, run_trial, share, folder).fit()
        return Outcome.INTERRUPTED if interrupts.requested else course.outcome()


def _tuner(
    office: Office, desk: Desk, run_trial: RunTrial, share: Share, folder: str
) -> tune.Tuner:
    training = tune.with_parameters(Training, payload=pickle.dumps(run_trial), desk=desk)
    return tune.Tuner(
        tune.with_resources(training, {"cpu": share.cpus, "gpu": share.gpus}),
        tune_config=tune.TuneConfig(
            search_alg=StudySearcher(office),
            scheduler=StudyScheduler(office),
            num_samples=-1,
            reuse_actors=True,  # else each trial imports torch anew
            trial_name_creator=lambda trial: f"trial-{trial.config.get(TRIAL)}-{trial.trial_id}",
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        # Tune writes its own record of the search; nothing reads it.
        run_config=tune.RunConfig(
            name="tune", storage_path=folder, verbose=0, stop=Closing(office),
            failure_config=tune.FailureConfig(max_failures=0),
            # Trainings keep checkpoints of their own.
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )  # fmt: skip
