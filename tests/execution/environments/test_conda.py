"""Conda files read for pip."""

from __future__ import annotations

import pytest

from jupyter_mlws.execution.environments import conda


@pytest.mark.parametrize(
    ("item", "line"),
    [
        ("numpy", "numpy"),
        ("numpy=1.26", "numpy==1.26.*"),
        ("numpy=1.26.4", "numpy==1.26.4.*"),
        ("numpy==1.26.4", "numpy==1.26.4"),
        ("numpy=1.26.*", "numpy==1.26.*"),
        ("numpy>=1.22,<2", "numpy>=1.22,<2"),
        ("numpy >=1.22, <2", "numpy>=1.22,<2"),
        ("numpy=1.26.4=py310h1", "numpy==1.26.4.*"),
        ("numpy 1.26.*", "numpy==1.26.*"),
        ("conda-forge::xgboost=1.7", "xgboost==1.7.*"),
        ("pytorch::pytorch=2.1", "torch==2.1.*"),
        ("Scikit-Learn=1.5", "scikit-learn==1.5.*"),
        ("matplotlib-base", "matplotlib"),
    ],
)
def test_a_package_of_conda_becomes_one_of_pip(item: str, line: str) -> None:
    found = conda.read({"dependencies": [item]})

    assert (found.requirements, found.problems) == ([line], [])


@pytest.mark.parametrize(
    ("item", "python"),
    [
        ("python=3.10", "3.10"),
        ("python=3.10.13", "3.10.13"),
        ("python==3.12", "3.12"),
        ("python>=3.9,<3.13", ">=3.9,<3.13"),
        ("python", None),
    ],
)
def test_python_is_no_package_but_the_interpreter(item: str, python: str | None) -> None:
    found = conda.read({"dependencies": [item]})

    assert (found.python, found.requirements) == (python, [])


def test_the_pip_part_is_taken_as_it_is() -> None:
    found = conda.read(
        {
            "name": "model-env",
            "channels": ["conda-forge"],
            "dependencies": ["pip=23.0", {"pip": ["mlflow>=2", "azureml-mlflow", "--pre"]}],
        }
    )

    assert found.requirements == ["mlflow>=2", "azureml-mlflow", "--pre"]
    assert found.problems == []
    assert found.warnings == ["conda_file: pip: left out, pip's packages bring what they need."]


def test_what_has_no_counterpart_is_named_with_its_place() -> None:
    found = conda.read({"dependencies": ["numpy", "r-base=4.2", "samtools", "numpy 1.2|1.3"]})

    assert [problem.field for problem in found.problems] == [
        "conda_file.dependencies.1",
        "conda_file.dependencies.2",
        "conda_file.dependencies.3",
    ]
    assert "'r-base'" in found.problems[0].message
    assert "'samtools'" in found.problems[1].message
    assert "pip knows no such version" in found.problems[2].message


@pytest.mark.parametrize("line", ["-e .", "-r more.txt", "./wheels/x.whl", "file:///tmp/x"])
def test_files_that_were_not_sent_along_are_refused(line: str) -> None:
    found = conda.read({"dependencies": [{"pip": [line]}]})

    assert [problem.field for problem in found.problems] == ["conda_file.dependencies.0.pip.0"]


@pytest.mark.parametrize("dependencies", ["numpy", {"a": 1}, [1], [["x"]], [{"pip": "x"}]])
def test_another_shape_is_refused(dependencies: object) -> None:
    assert conda.read({"dependencies": dependencies}).problems
