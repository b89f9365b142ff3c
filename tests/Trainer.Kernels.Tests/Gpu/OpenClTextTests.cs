using Trainer.Kernels.Gpu.Launching;

namespace Trainer.Kernels.Tests.Gpu;

public sealed class OpenClTextTests
{
    [Fact]
    public void Numbers_of_types_follow_their_order_in_the_text_and_nothing_else_changes()
    {
        const string text = "struct type_66685;\ntypedef local float* type_7;\nstruct type_66685 prototype_7; type_7 var7 = (type_71)0;\n";
        const string stable = "struct type_0;\ntypedef local float* type_1;\nstruct type_0 prototype_7; type_1 var7 = (type_2)0;\n";
        Assert.Equal(stable, OpenClText.Stable(text));
        Assert.Equal(stable, OpenClText.Stable(text.Replace("66685", "3", StringComparison.Ordinal).Replace("type_71", "type_9", StringComparison.Ordinal)));
    }
}
