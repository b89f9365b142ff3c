using Trainer.Kernels.Data;
using Trainer.Kernels.Training;
using Trainer.Protos;

namespace Trainer.Node.Training;

/// <summary>What <c>data.on_error: skip</c> means, to whoever trains or measures: a sample that is broken has a label that the loss ignores.</summary>
public static class BrokenSamples
{
    private const string Skip = "skip";

    /// <summary>The job's recipe, with what its data asks of the loss.</summary>
    public static TrainingRecipe RecipeOf(JobSpec spec) => TrainingRecipe.FromJson(JobFile.SectionJson(spec.Training), JobFile.SectionJson(spec.Data));

    /// <summary>A set of the job's, as its recipe wants it.</summary>
    /// <param name="recipe">As <see cref="RecipeOf"/> has it.</param>
    /// <param name="tell">Told of each sample that is skipped.</param>
    public static DataSet Skipping(JobSpec spec, TrainingRecipe recipe, DataSet set, Action<string> tell) =>
        spec.Data.OnError == Skip && recipe.Loss.Ignored is { } label ? set.Skipping(label, broken => tell(broken.Message)) : set;
}
