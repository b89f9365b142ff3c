// What RoomTests must see: each room here uses one other, each in another place of a type.
#pragma warning disable IDE0130, IDE0161, MA0182, SA1403 // Rooms of a line each, side by side

namespace Trainer.Cli.Tests.Architecture.Examples.Derived
{
    internal class Root;
}

namespace Trainer.Cli.Tests.Architecture.Examples.Base
{
    internal class User : Derived.Root;
}

namespace Trainer.Cli.Tests.Architecture.Examples.Argument
{
    internal sealed class Item;
}

namespace Trainer.Cli.Tests.Architecture.Examples.Generic
{
    internal sealed class User
    {
        public IReadOnlyDictionary<string, List<Argument.Item>[]>? Items { get; init; }
    }
}

namespace Trainer.Cli.Tests.Architecture.Examples.Called
{
    internal static class Helper
    {
        public static int Answer() => 42;
    }
}

namespace Trainer.Cli.Tests.Architecture.Examples.Local
{
    internal static class User
    {
        public static int Run() => Called.Helper.Answer();
    }
}

namespace Trainer.Cli.Tests.Architecture.Examples.Constructed
{
    internal sealed class Made;
}

namespace Trainer.Cli.Tests.Architecture.Examples.Lambda
{
    internal static class User
    {
        public static Func<object> Maker(int count) => () => count > 0 ? new Constructed.Made() : count;
    }
}

namespace Trainer.Cli.Tests.Architecture.Examples.Constrained
{
    internal interface IThing;
}

namespace Trainer.Cli.Tests.Architecture.Examples.Constraint
{
    internal static class User
    {
        public static string Name<T>()
            where T : Constrained.IThing => typeof(T).Name;
    }
}

namespace Trainer.Cli.Tests.Architecture.Examples.Attribute
{
    [AttributeUsage(AttributeTargets.All)]
    internal sealed class MarkAttribute : System.Attribute;
}

namespace Trainer.Cli.Tests.Architecture.Examples.Attributed
{
    internal static class User
    {
        [Attribute.Mark]
        public static int Zero => 0;
    }
}

namespace Trainer.Cli.Tests.Architecture.Examples.Named
{
    internal sealed class Thing;
}

namespace Trainer.Cli.Tests.Architecture.Examples.TypeOf
{
    internal static class User
    {
        public static string Name => typeof(Named.Thing).Name;
    }
}
