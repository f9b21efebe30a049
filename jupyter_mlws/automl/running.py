"""What an AutoML job starts next: it explores, tries, joins the best, and explains."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from jupyter_mlws.automl import explaining, exploring, joining, testing, trying
from jupyter_mlws.automl.algorithms import Algorithm
from jupyter_mlws.automl.choosing import ALGORITHMS
from jupyter_mlws.automl.drawing import Draw, Tried, next_draw
from jupyter_mlws.automl.forecasts import exploring as series
from jupyter_mlws.automl.forecasts import trying as forecasting
from jupyter_mlws.automl.settings import PATIENCE, Settings
from jupyter_mlws.entities.job import Cause, Job, JobError, Progress
from jupyter_mlws.entities.record import now
from jupyter_mlws.entities.run import Status
from jupyter_mlws.execution.base import Family, Outcome, Standing, Start
from jupyter_mlws.execution.search.trials import BEST

DRAW = "mlws.automl.draw"
TITLE = "mlws.automl.algorithm"
NUMBER = "mlws.automl.trial"
MOST_MEMBERS = 5
MOST_VOTERS = 12
INHERITED = {"compute", "environment_variables", "resources", "queue_settings", "retry_settings"}
"""Fields that the notebooks' jobs have from the AutoML job."""
"""Titles of the ensembles."""
NOTEBOOK_S = 8
"""What a notebook takes that joins trials, or explains or tests the best one, as a rule."""
MOST_RESERVED = 0.35
"""Share of the job's time that is kept for those."""
LEAST_S = 5
"""Seconds below which no trial is begun."""


class Search:
    """One look at the job and its children. Answers the same for the same family and time."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.settings = Settings.model_validate(family.plan)
        self.name = family.job.name
        known = ALGORITHMS[self.settings.task]
        self.known: dict[str, Algorithm] = {name: known[name] for name in self.settings.algorithms}
        if not any(each.space for each in self.known.values()):
            # What has nothing to be drawn is tried once.
            self.settings.max_trials = min(self.settings.max_trials, len(self.known))
        self.trials = {
            int(child.properties[NUMBER]): child
            for child in family.children.values()
            if NUMBER in child.properties
        }

    def next(self) -> Sequence[Start] | Outcome:
        """What to start now, or what the job came to."""
        explorer = self.family.children.get(f"{self.name}_setup")
        if explorer is None:
            return [self._explore()]
        if not explorer.status.is_final:
            return []
        if explorer.status is not Status.COMPLETED:
            return _failed(explorer, "The data cannot be used")
        found = trying.Explored(
            columns=explorer.values["columns"],
            n_rows=explorer.values["n_rows"],
            n_folds=explorer.values["n_folds"],
        )
        running = [child for child in self.trials.values() if not child.status.is_final]
        if self.settings.is_stopped:
            return [] if running else self._end()
        if self._is_searched:
            joined = [] if running else self._join(found)
            if running or joined:
                return joined
            return self._end()
        n_new = min(
            self.settings.n_parallel - len(running),
            self.settings.max_trials - len(self._searching),
        )
        first = len(self._searching)
        return [self._try(found, number) for number in range(first, first + max(0, n_new))]

    @property
    def _searching(self) -> dict[int, Job]:
        return {number: child for number, child in self.trials.items() if DRAW in child.properties}

    @property
    def ranked(self) -> list[Job]:
        """The trials that have a score, best first."""
        scored = [child for child in self.trials.values() if score_of(child) is not None]
        return sorted(scored, key=lambda child: -self.settings.sign * (score_of(child) or 0.0))

    @property
    def left_s(self) -> float | None:
        """Seconds of the job's time that are left; None where it has no limit."""
        started = self.family.job.started_at
        if self.settings.timeout_s is None or started is None:
            return None
        return self.settings.timeout_s - (now() - started).total_seconds()

    @property
    def _is_searched(self) -> bool:
        """Whether nothing more is drawn."""
        tried, settings = self._searching, self.settings
        if len(tried) >= settings.max_trials:
            return True
        if any(number >= settings.max_trials for number in self.trials):
            return True  # the ensembles have begun
        if len(self.trials) > len(tried):
            return True
        if self.left_s is not None and self.left_s < self._reserve_s + LEAST_S:
            return True
        ranked = self.ranked
        if ranked and settings.exit_score is not None:
            best = score_of(ranked[0]) or 0.0
            if settings.sign * best >= settings.sign * settings.exit_score:
                return True
        if not settings.stops_early or not ranked:
            return not ranked and len(tried) >= len(self.known) and _all_ended(tried)
        best_number = int(ranked[0].properties[NUMBER])
        ended = [number for number, child in tried.items() if child.status.is_final]
        return len([n for n in ended if n > best_number]) >= PATIENCE and len(ended) >= len(
            self.known
        )

    def _explore(self) -> Start:
        given: dict[str, Any] = {
            name: self.family.spec.inputs[name].model_dump(mode="json", exclude_none=True)  # type: ignore[union-attr]
            for name in ("training_data", "validation_data", "test_data")
            if name in self.family.spec.inputs
        }
        explored = series if self.settings.forecast else exploring
        files = {"explore.ipynb": explored.notebook(self.settings)}
        return self._start("setup", "Data exploration", "explore.ipynb", files, given)

    def _try(self, found: trying.Explored, number: int) -> Start:
        tried = [
            Tried(
                _draw(child),
                _signed(child, self.settings.sign),
                is_running=not child.status.is_final,
            )
            for _, child in sorted(self._searching.items())
        ]
        draw = next_draw(self.known, tried, number, self.settings.seed)
        algorithm = self.known[draw.algorithm]
        said = {"algorithm": draw.algorithm, "values": draw.values}
        return self._trial(
            found,
            number,
            algorithm.label,
            [algorithm.imports],
            self._source(draw),
            {DRAW: json.dumps(said)},
        )

    def _join(self, found: trying.Explored) -> list[Start]:
        """The ensembles that are still to be made of the best trials."""
        titles = self._to_join
        if not titles:
            return []
        if self.settings.forecast:
            return self._mean(found, self._members)
        first = max(self.trials) + 1
        return [
            self._ensemble(title, first + at)
            for at, title in enumerate(titles[: self.settings.n_parallel])
        ]

    @property
    def _to_join(self) -> list[str]:
        """Titles of the ensembles that are wished, possible, and not yet made."""
        has_time = self.left_s is None or self.left_s >= LEAST_S
        if not has_time or len(self._members) < 2 or self.settings.is_stopped:
            return []
        made = {child.properties[TITLE] for child in self.trials.values()}
        wished = {joining.VOTE: self.settings.votes, joining.STACK: self.settings.stacks}
        return [title for title, is_wished in wished.items() if is_wished and title not in made]

    def _ensemble(self, title: str, number: int) -> Start:
        """A vote of many trials, or a model that reads the best of each algorithm."""
        best = [int(name.removeprefix("trial_")) for name, _ in self._members]
        more = [int(c.properties[NUMBER]) for c in self.ranked if DRAW in c.properties]
        numbers = list(dict.fromkeys([*best, *more])) if title == joining.VOTE else best
        members = {n: self.trials[n] for n in numbers[:MOST_VOTERS]}
        named = [(n, child.properties[TITLE]) for n, child in members.items()]
        imports = [self.known[_draw(child).algorithm].imports for child in members.values()]
        files = {"trial.ipynb": joining.notebook(self.settings, title, named, imports)}
        given = {"prepared": self._prepared}
        for n, child in members.items():
            left = f"azureml://jobs/{child.name}/outputs"
            given[f"model_{n}"] = {"type": "uri_folder", "path": f"{left}/model"}
            given[f"guesses_{n}"] = {
                "type": "uri_file",
                "path": f"{left}/guesses/paths/guesses.npz",
            }
        said = {NUMBER: str(number), TITLE: title}
        return self._start(str(number), title, "trial.ipynb", files, given, said, self._limit_s(0))

    def _mean(self, found: trying.Explored, members: list[tuple[str, Draw]]) -> list[Start]:
        """What the best forecasters say on average."""
        listed = "".join(f"    {self._source(draw)},\n" for _, draw in members)
        imports = [self.known[draw.algorithm].imports for _, draw in members]
        number = max(self.trials) + 1
        return [self._trial(found, number, "VotingEnsemble", imports, f"Mean(\n{listed})", {})]

    @property
    def _members(self) -> list[tuple[str, Draw]]:
        """The best trial of each of the best algorithms."""
        found: dict[str, tuple[str, Draw]] = {}
        for child in self.ranked:
            if DRAW in child.properties:
                draw = _draw(child)
                found.setdefault(draw.algorithm, (f"trial_{child.properties[NUMBER]}", draw))
        return list(found.values())[:MOST_MEMBERS]

    def _source(self, draw: Draw) -> str:
        return self.known[draw.algorithm].source(
            draw.values, seed=self.settings.seed, cores=self.settings.cores
        )

    def _trial(
        self,
        found: trying.Explored,
        number: int,
        title: str,
        imports: Sequence[str],
        code: str,
        properties: dict[str, str],
    ) -> Start:
        tried = forecasting if self.settings.forecast else trying
        files = {"trial.ipynb": tried.trial(self.settings, found, title, imports, code)}
        said = {**properties, NUMBER: str(number), TITLE: title}
        given = {"prepared": self._prepared}
        limit = self._limit_s(self._reserve_s if DRAW in properties else 0)
        return self._start(str(number), title, "trial.ipynb", files, given, said, limit)

    def _limit_s(self, kept_s: float) -> int | None:
        """Seconds that a notebook may take, `kept_s` of the job's time left; None: as long as it takes."""
        left = None if self.left_s is None else self.left_s - kept_s
        limits = [s for s in (self.settings.trial_timeout_s, left) if s is not None]
        return max(1, int(min(limits))) if limits else None

    @property
    def _reserve_s(self) -> float:
        """Seconds of the job's time that are kept for joining and explaining."""
        settings = self.settings
        rounds = math.ceil((settings.votes + settings.stacks) / settings.n_parallel)
        wished = NOTEBOOK_S * (rounds + settings.explains + settings.tests)
        return min(wished, MOST_RESERVED * (settings.timeout_s or 0))

    @property
    def _prepared(self) -> dict[str, Any]:
        path = f"azureml://jobs/{self.name}_setup/outputs/prepared"
        return {"type": "uri_folder", "path": path}

    def _start(
        self,
        suffix: str,
        title: str,
        notebook: str,
        files: dict[str, bytes],
        inputs: dict[str, Any],
        properties: dict[str, str] | None = None,
        limit_s: int | None = None,
    ) -> Start:
        spec = self.family.spec
        document = {
            "type": "notebook",
            "name": f"{self.name}_{suffix}",
            "display_name": title,
            "notebook": notebook,
            "inputs": inputs,
            "properties": properties or {},
            **spec.model_dump(mode="json", include=INHERITED, exclude_unset=True),
        }
        limits = {"timeout": limit_s, "memory": spec.limits.memory}
        document["limits"] = {key: value for key, value in limits.items() if value is not None}
        if spec.environment is not None:
            document["environment"] = (
                spec.environment
                if isinstance(spec.environment, str)
                else spec.environment.model_dump(mode="json", exclude_none=True)
            )
        return Start({k: v for k, v in document.items() if v is not None}, files=files)

    def _end(self) -> Sequence[Start] | Outcome:
        ranked = self.ranked
        if not ranked:
            last = max(self.trials.items(), default=(0, None))[1]
            return _failed(last, "No trial has a score")
        best = ranked[0]
        tester = self.family.children.get(f"{self.name}_ModelTest")
        explainer = self.family.children.get(f"{self.name}_ModelExplain")
        has_time = self.left_s is None or self.left_s >= LEAST_S
        explains = self.settings.explains and not self.settings.is_stopped
        # The test is made however little time is left: it was asked for, and takes seconds.
        if tester is None and self.settings.tests:
            return [self._look_at(best, "ModelTest", "Test", testing.notebook(self.settings))]
        if tester is not None and not tester.status.is_final:
            return []
        if explainer is None and explains and has_time:
            made = explaining.notebook(self.settings)
            return [self._look_at(best, "ModelExplain", "Explanation", made, self._limit_s(0))]
        if explainer is not None and not explainer.status.is_final:
            return []
        outcome = self._of(best)
        if explainer is not None and "importance" in explainer.values:
            outcome.values["importance"] = explainer.values["importance"]
        if tester is not None and "scores" in tester.values:
            outcome.metrics |= {f"test_{name}": s for name, s in tester.values["scores"].items()}
        return outcome

    def _look_at(
        self, best: Job, suffix: str, title: str, notebook: bytes, limit_s: int | None = None
    ) -> Start:
        """A notebook about the best model."""
        file = f"{title.lower()}.ipynb"
        model = {"type": "uri_folder", "path": f"azureml://jobs/{best.name}/outputs/model"}
        given = {"prepared": self._prepared, "model": model}
        return self._start(suffix, title, file, {file: notebook}, given, limit_s=limit_s)

    def standing(self) -> Standing:
        """How far it is, and which trial is the best so far."""
        done = sum(child.status.is_final for child in self.trials.values())
        if self.settings.is_stopped or self._is_searched:
            total = len(self.trials) + len(self._to_join)
        else:
            total = self.settings.max_trials + self.settings.votes + self.settings.stacks
        best = next(iter(self.ranked), None)
        label = "" if best is None else f"{self.settings.metric} {score_of(best):.6g}"
        properties = {} if best is None else {BEST: best.name}
        return Standing(Progress(done=done, total=total, unit="trials", label=label), properties)

    def salvage(self) -> Outcome:
        """The best trial so far, of a job that was ended."""
        best = next(iter(self.ranked), None)
        return Outcome() if best is None else self._of(best)

    def _of(self, best: Job) -> Outcome:
        return Outcome(
            outputs={"best_model": f"azureml://jobs/{best.name}/outputs/model"},
            metrics={self.settings.metric: score_of(best) or 0.0},
            tags={"automl_best_child_run_id": best.name},
            values={"best_trial": best.name, "algorithm": best.properties[TITLE]},
            properties={BEST: best.name},
        )


def score_of(child: Job) -> float | None:
    """What a trial came to in the primary metric; None of one that has not completed."""
    score = child.values.get("score") if child.status is Status.COMPLETED else None
    return float(score) if isinstance(score, (int, float)) else None


def _signed(child: Job, sign: int) -> float | None:
    score = score_of(child)
    return None if score is None else sign * score


def _draw(child: Job) -> Draw:
    said = json.loads(child.properties[DRAW])
    return Draw(said["algorithm"], said["values"])


def _all_ended(trials: dict[int, Job]) -> bool:
    return all(child.status.is_final for child in trials.values())


def _failed(child: Job | None, what: str) -> Outcome:
    if child is None or child.error is None:
        return Outcome(error=JobError(cause=Cause.USER_ERROR, message=f"{what}: it was stopped."))
    error = child.error
    why = f"{error.cell.ename}: {error.cell.evalue}" if error.cell else error.message
    message = f"{what} ('{child.name}'): {why}"
    return Outcome(error=JobError(cause=error.cause, message=message))
