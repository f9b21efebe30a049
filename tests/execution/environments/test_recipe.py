"""What a description comes to on this machine."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_mlws.entities.environment import EnvironmentFields
from jupyter_mlws.entities.errors import Invalid
from jupyter_mlws.entities.validation import validated
from jupyter_mlws.execution.environments import curated, recipe
from jupyter_mlws.execution.environments.recipe import Recipe

BASE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest"


def made(*, containers: bool = False, **fields: Any) -> tuple[Recipe, list[str]]:
    given = validated(EnvironmentFields, fields)
    return recipe.of_fields(given, has_containers=lambda: containers)


def test_every_environment_gets_a_kernel_once() -> None:
    assert made(pip=["pandas"])[0].requirements == ("pandas", "ipykernel")
    assert made(pip=["ipykernel==6.29.5"])[0].requirements == ("ipykernel==6.29.5",)


def test_a_base_image_of_azure_ml_means_the_python_here() -> None:
    found, warnings = made(
        image=BASE, conda_file={"dependencies": ["python=3.11", {"pip": ["pandas"]}]}
    )

    assert (found.python, found.requirements) == ("3.11", ("pandas", "ipykernel"))
    assert found.image is None
    assert warnings == [f"image: '{BASE}' means a Python environment of this machine."]


@pytest.mark.parametrize("image", ["python:3.12-slim", "docker.io/library/python:3.12"])
def test_a_python_image_means_that_python(image: str) -> None:
    assert made(image=image, pip=["six"])[0].python == "3.12"


def test_an_image_of_ones_own_needs_a_container() -> None:
    with pytest.raises(Invalid, match=r"environment\.image: .*needs Docker or Podman"):
        made(image="example.com/team/train:7")

    assert made(image="example.com/team/train:7", containers=True)[0].image


def test_a_build_context_needs_a_container() -> None:
    with pytest.raises(Invalid, match=r"environment\.build: build needs Docker or Podman"):
        made(build={"path": "snapshot:" + "a" * 64})

    found, _ = made(build={"path": "snapshot:" + "a" * 64}, containers=True)
    assert found.is_container


def test_equal_content_has_an_equal_digest_whatever_form_it_has() -> None:
    conda = {"dependencies": [{"pip": ["pandas", "six"]}]}

    assert made(pip=["pandas", "six"])[0].digest == made(conda_file=conda)[0].digest
    assert made(pip=["pandas", "six"])[0].digest != made(pip=["pandas"])[0].digest


def test_a_recipe_survives_being_kept() -> None:
    found, _ = made(pip=["pandas"], python="3.12")

    assert Recipe.of_doc(found.to_doc()) == found


def test_comments_of_a_requirements_file_mean_nothing() -> None:
    text = "# all\npandas>=2  # tables\n\nsix\n"

    assert made(requirements=text)[0].requirements == ("pandas>=2", "six", "ipykernel")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, ""),
        ({"pip": ["x"], "kernel": "ir"}, ""),
        ({"conda_file": "conda.yml"}, "environment.conda_file"),
        ({"pip": ["x"], "os_type": "Windows"}, "environment.os_type"),
        ({"image": "mine", "pip": ["x"]}, "environment.image"),
        ({"pip": ["-e ."]}, "environment.pip.0"),
        ({"python": "pypy"}, "python"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        made(**fields)

    assert [problem.field for problem in refused.value.problems] == [field]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("sklearn-1.5", "scikit-learn~=1.5.0"),
        ("AzureML-sklearn-1.5-ubuntu20.04-py310-cpu", "scikit-learn~=1.5.0"),
        ("AzureML-sklearn-1.0-ubuntu20.04-py38-cpu", "scikit-learn>=1.3,<1.6"),
        ("AzureML-sklearn-0.24-ubuntu18.04-py37-cpu", "scikit-learn>=1.3,<1.6"),
        ("acpt-pytorch-2.8-cuda12.6", "torch~=2.8.0"),
        ("AzureML-acpt-pytorch-1.13-py38-cuda11.7-gpu", "torch"),
        ("AzureML-lightgbm-3.2-ubuntu18.04-py37-cpu", "lightgbm"),
        ("tensorflow-2.16-cuda12", "tensorflow~=2.16.0"),
        ("AzureML-tensorflow-2.4-ubuntu18.04-py37-cuda11-gpu", "tensorflow"),
        ("AzureML-AutoML", "scikit-learn"),
        ("responsibleai-tabular", "responsibleai"),
        ("model-evaluation", "scikit-learn"),
    ],
)
def test_curated_names_have_a_meaning(name: str, first: str) -> None:
    found = curated.find(name)

    assert found
    assert found.requirements[0] == first


def test_any_other_name_is_not_curated() -> None:
    assert curated.find("my-env") is None
    assert curated.find("sklearnish") is None


def test_the_offered_names_are_curated() -> None:
    assert all(curated.find(name) for name in curated.names())
