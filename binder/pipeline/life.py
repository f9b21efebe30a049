"""The pipeline of life.pipeline.yml, in Python. Start it with:  python life.py"""

from pathlib import Path

from jupyter_mlws import MLClient
from jupyter_mlws.dsl import Output, load_component, notebook_component, pipeline

here = Path(__file__).parent
prepare_table = notebook_component(here / "prepare.ipynb")
ask_neighbours = notebook_component(here / "neighbours.ipynb")
compare_models = notebook_component(here / "compare.ipynb")
train = load_component(here / "train.yml")


@pipeline(display_name="Life expectancy", experiment_name="life-expectancy")
def life(test_share=0.25, seed=0):
    """Prepare, train three models at the same time, keep the best one."""
    prepare = prepare_table(test_share=test_share, seed=seed)
    linear = train(table=prepare.outputs.train, kind="linear")
    forest = train(table=prepare.outputs.train, kind="forest")
    neighbours = ask_neighbours(train=prepare.outputs.train)
    compare = compare_models(
        test=prepare.outputs.test,
        linear=linear.outputs.model,
        forest=forest.outputs.model,
        neighbours=neighbours.outputs.model,
    )
    return {"best": compare.outputs.best}


job = life()
job.outputs["best"] = Output(type="mlflow_model", name="life-expectancy")

if __name__ == "__main__":
    client = MLClient()
    client.jobs.stream(client.jobs.create_or_update(job).name)
