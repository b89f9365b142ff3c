using System.IO.Pipes;
using Trainer.Hosting.Run;

namespace Trainer.Hosting.Tests.Run;

public sealed class ParentPipeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_child_is_told_when_the_parent_closes_and_not_before()
    {
        using var parent = new AnonymousPipeServerStream(PipeDirection.Out);
        using var child = new AnonymousPipeClientStream(PipeDirection.In, parent.ClientSafePipeHandle);
        var events = new List<string>();
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ParentPipe.Watch(child, () => events.Add("closed"), () =>
        {
            events.Add("afterwards");
            done.SetResult();
        });

        parent.Write("anything"u8);
        parent.Flush();
        Assert.False(done.Task.IsCompleted);
        parent.Dispose();
        await done.Task.WaitAsync(Patience);

        Assert.Equal(["closed", "afterwards"], events);
    }
}
