using Trainer.Kernels.Data;
using Trainer.Kernels.Training;
using Trainer.Protos;
using CrossEntropy = Trainer.Kernels.Training.CrossEntropy;

namespace Trainer.Node.Training;

/// <summary>What <c>data.on_error: skip</c> means, to whoever trains or measures: a sample that is broken has a label that the loss ignores.</summary>
public static class BrokenSamples
{
    private const string Skip = "skip";

    /// <summary>The job's recipe, ignoring what is skipped.</summary>
    public static TrainingRecipe RecipeOf(JobSpec spec)
    {
        var recipe = TrainingRecipe.FromJson(JobFile.SectionJson(spec.Training));
        return spec.Data.OnError == Skip && recipe.Loss is CrossEntropy entropy ? recipe with { Loss = entropy.Skipping() } : recipe;
    }

    /// <summary>A set of the job's, as its recipe wants it.</summary>
    /// <param name="recipe">As <see cref="RecipeOf"/> has it.</param>
    /// <param name="tell">Told of each sample that is skipped.</param>
    public static DataSet Skipping(JobSpec spec, TrainingRecipe recipe, DataSet set, Action<string> tell) =>
        spec.Data.OnError == Skip && recipe.Loss.Ignored is { } label ? set.Skipping(label, broken => tell(broken.Message)) : set;
}
