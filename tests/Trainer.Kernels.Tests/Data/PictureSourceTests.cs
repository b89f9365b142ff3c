using System.Text;
using Trainer.Kernels.Data;
using Trainer.Kernels.Data.Sections;
using Trainer.Kernels.Tests.Reference;
using Trainer.Kernels.Training;

namespace Trainer.Kernels.Tests.Data;

public sealed class PictureSourceTests : IDisposable
{
    private const string Crop = """, "transforms":{"train":[{"center_crop":{"size":[5,7]}}],"test":[{"center_crop":{"size":[5,7]}}]}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>As torchvision: classes by name, folders within a class by their whole path, files by name; other files are not looked at.</summary>
    [Fact]
    public void Pictures_are_in_the_order_of_image_folder()
    {
        foreach (var (name, shade) in new[] { ("train/dog/b.png", 10), ("train/dog/a-x/z.png", 20), ("train/dog/a/z.png", 30), ("train/cat/c.PNG", 40), ("train/Cow/1.png", 50), ("val/dog/q.png", 60) })
        {
            TestPictures.Write(_folder.File(name), 6, 9, (byte)shade, 0, 0);
        }

        File.WriteAllText(_folder.File("train/dog/readme.txt"), "no picture");
        var (train, test) = Load(Crop);

        Assert.Equal(["Cow", "cat", "dog"], train.ClassNames);
        Assert.Equal(["Cow/1.png", "cat/c.PNG", "dog/b.png", "dog/a/z.png", "dog/a-x/z.png"], Enumerable.Range(0, train.Count).Select(train.NameOf));
        Assert.Equal([0, 1, 2, 2, 2], Enumerable.Range(0, train.Count).Select(i => train.Read(i, new float[105])));
        Assert.Equal((1, 2), (test.Count, test.Read(0, new float[105])));
        var pixels = new float[105];
        train.Read(3, pixels);
        Assert.Equal((30 / 255f, 0f), (pixels[34], pixels[104]));
    }

    [Fact]
    public void Of_one_folder_alone_validation_takes_a_part()
    {
        for (var i = 0; i < 10; i++)
        {
            TestPictures.Write(_folder.File($"{(i % 2 == 0 ? "a" : "b")}/{i}.jpg"), 6, 9, 100, 0, 0);
        }

        var (train, validation) = Load($$"""{{Crop}}, "validation":{"samples":3}""");

        Assert.Equal((7, 3), (train.Count, validation.Count));
        Assert.StartsWith("data.validation: is needed: the data has no test set", Assert.Throws<ModelException>(() => Load(Crop)).Message);
    }

    [Fact]
    public void Pictures_of_several_sizes_need_a_transform_and_a_resize_will_do()
    {
        TestPictures.Write(_folder.File("train/a/1.png"), 6, 9, 100, 0, 0);
        TestPictures.Write(_folder.File("train/b/2.webp"), 8, 5, 100, 0, 0);
        TestPictures.Write(_folder.File("test/b/2.jpeg"), 3, 4, 100, 0, 0);

        var refused = Assert.Throws<ModelException>(() => Load(""));
        Assert.StartsWith($"data.transforms: Pictures differ in size: {_folder.File("train/a/1.png")} has 9x6 pixels, {_folder.File("train/b/2.webp")} 5x8. Bring them to one size", refused.Message);

        var (train, test) = Load(""", "resize":[4,3]""");
        Assert.Equal((new Shape(3, 4, 3), new Shape(3, 4, 3)), (train.Shape, test.Shape));
        train.Read(0, new float[36]);
        train.Read(1, new float[36]);
    }

    [Theory]
    [InlineData("", "is empty; expected a PNG, JPEG, WebP or BMP image")]
    [InlineData("hello, world", "is a text file; expected a PNG, JPEG, WebP or BMP image")]
    [InlineData("\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009", "begins with 0102030405060708 at offset 0; expected a PNG, JPEG, WebP or BMP image")]
    public void What_is_no_picture_is_named(string content, string problem)
    {
        TestPictures.Write(_folder.File("train/a/1.png"), 6, 9, 100, 0, 0);
        TestPictures.Write(_folder.File("test/a/1.png"), 6, 9, 100, 0, 0);
        File.WriteAllBytes(_folder.File("train/a/2.png"), Encoding.Latin1.GetBytes(content));
        var (train, _) = Load(Crop);

        Assert.Equal($"{_folder.File("train/a/2.png")}: {problem}", Assert.Throws<BrokenSampleException>(() => train.Read(1, new float[105])).Message);
    }

    [Theory]
    [InlineData("png", "png")]
    [InlineData("jpg", "jpeg")]
    public void A_picture_that_is_cut_short_says_where_it_ends(string ending, string kind)
    {
        var path = TestPictures.Write(_folder.File($"train/a/1.{ending}"), 60, 90, 100, 0, 0);
        TestPictures.Write(_folder.File("test/a/1.png"), 6, 9, 100, 0, 0);
        var whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..^(whole.Length / 4)]);
        var (train, _) = Load(Crop);

        var refused = Assert.Throws<BrokenSampleException>(() => train.Read(0, new float[105]));
        Assert.Equal($"{path}: ends at offset {whole.Length - (whole.Length / 4)}, within its pixels; expected a whole 90x60 {kind} image", refused.Message);
    }

    /// <summary>Order and number of samples stay; a file that cannot be opened is no broken sample.</summary>
    [Fact]
    public void A_broken_picture_can_count_for_nothing()
    {
        TestPictures.Write(_folder.File("train/a/1.png"), 6, 9, 100, 0, 0);
        TestPictures.Write(_folder.File("test/a/1.png"), 6, 9, 100, 0, 0);
        var (broken, gone) = (_folder.Write("train/a/2.png", "no picture"u8), _folder.Write("train/a/3.png", "no picture"u8));
        var told = new List<string>();
        var train = Load(Crop).Train.Skipping(CrossEntropy.SkippedLabel, problem => told.Add(problem.Message));
        File.Delete(gone);
        var pixels = new float[105];
        pixels.AsSpan().Fill(1);

        Assert.Equal((0, CrossEntropy.SkippedLabel, CrossEntropy.SkippedLabel), (train.Read(0, new float[105]), train.Read(1, pixels), train.Read(1, pixels)));
        Assert.Equal((3, 0f), (train.Count, pixels.Sum()));
        Assert.Equal($"{broken}: is a text file; expected a PNG, JPEG, WebP or BMP image", Assert.Single(told));
        Assert.Contains("cannot be opened", Assert.Throws<DataFileException>(() => train.Read(2, pixels)).Message);
    }

    [Fact]
    public void A_folder_that_is_not_what_it_should_be_says_what_it_holds()
    {
        File.WriteAllText(_folder.File("a.gif"), "x");
        Expect($"{_folder.Path}: has files that end in .gif and no folders; expected a folder for each class, with pictures in it");
        Directory.CreateDirectory(_folder.File("train/a"));
        File.WriteAllText(_folder.File("train/a/1.tiff"), "x");
        Expect($"{_folder.File("train/a")}: has files that end in .tiff and no pictures; expected files that end in .png, .jpg, .jpeg, .webp, .bmp");
        TestPictures.Write(_folder.File("train/a/1.png"), 6, 9, 100, 0, 0);
        TestPictures.Write(_folder.File("test/b/1.png"), 6, 9, 100, 0, 0);
        Expect($"{_folder.File("test/b")}: is a class that the training pictures do not have; theirs are a");

        void Expect(string message) => Assert.Equal(message, Assert.Throws<DataFileException>(() => Load(Crop)).Message);
    }

    [Fact]
    public void Tables_name_pictures_and_classes()
    {
        TestPictures.Write(_folder.File("pictures/1.png"), 5, 7, 100, 0, 0);
        TestPictures.Write(_folder.File("pictures/2, odd.png"), 5, 7, 200, 0, 0);
        var table = _folder.Write("train.csv", Encoding.UTF8.GetBytes("path,label\npictures/1.png,dog\n\"pictures/2, odd.png\",cat\n"));
        var test = _folder.Write("test.csv", Encoding.UTF8.GetBytes("pictures/1.png,cat\n"));

        var (train, evaluation) = DataSection.Load($$"""{"csv":{"train":"{{table}}","test":"{{test}}"} }""");

        Assert.Equal(["cat", "dog"], train.ClassNames);
        Assert.Equal((1, 0, 0), (train.Read(0, new float[105]), train.Read(1, new float[105]), evaluation.Read(0, new float[105])));
        File.WriteAllText(test, "pictures/1.png,cat\npictures/../../secret.png,cat\n");
        Assert.Equal(
            $"{test}: line 2 names 'pictures/../../secret.png'; expected a picture below the table's folder {_folder.Path}",
            Assert.Throws<DataFileException>(() => DataSection.Load($$"""{"csv":{"train":"{{table}}","test":"{{test}}"} }""")).Message);
        File.WriteAllText(test, "pictures/1.png,cat\npict\0ures/1.png,cat\n");
        Assert.Equal(
            $"{test}: line 2 names a file with a NUL in its name; expected a picture below the table's folder {_folder.Path}",
            Assert.Throws<DataFileException>(() => DataSection.Load($$"""{"csv":{"train":"{{table}}","test":"{{test}}"} }""")).Message);
        File.WriteAllText(test, "pictures/1.png,cat\npictures/1.png,bird\n");
        Assert.Equal(
            $"{test}: line 2 has the label 'bird'; expected one of cat, dog",
            Assert.Throws<DataFileException>(() => DataSection.Load($$"""{"csv":{"train":"{{table}}","test":"{{test}}"} }""")).Message);
    }

    [Fact]
    public void Tables_of_pixels_hold_square_images()
    {
        var table = _folder.Write("train.csv", "label,p0,p1,p2,p3\n7,0,51,102,255\n300,1,2,3,4\n"u8);

        var (train, _) = DataSection.Load($$"""{"csv":{"train":"{{table}}","test":"{{table}}"} }""");

        var pixels = new float[4];
        Assert.Equal((7, 300, new Shape(1, 2, 2)), (train.Read(0, pixels), train.Read(1, new float[4]), train.Shape));
        Assert.Equal([0, 0.2f, 0.4f, 1], pixels);
        File.AppendAllText(table, "1,2,3,4,256\n");
        Assert.Equal(
            $"{table}: line 4, field 5 is '256'; expected a pixel from 0 to 255",
            Assert.Throws<DataFileException>(() => DataSection.Load($$"""{"csv":{"train":"{{table}}","test":"{{table}}"} }""")).Message);
    }

    [Fact]
    public void Numpy_files_hold_images_with_channels_first_or_last()
    {
        byte[] pixels = [.. Enumerable.Range(0, 2 * 3 * 2 * 2).Select(i => (byte)i)];
        var first = Npy("x1.npy", "|u1", "(2, 3, 2, 2)", pixels);
        var last = Npy("x2.npy", "|u1", "(2, 2, 2, 3)", pixels);
        var labels = Npy("y.npy", "<i8", "(2,)", [44, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);

        var (train, test) = DataSection.Load($$"""{"npy":{"train_x":"{{first}}","train_y":"{{labels}}","test_x":"{{last}}","test_y":"{{labels}}"} }""");

        var read = new float[12];
        Assert.Equal((300, 2), (train.Read(0, read), test.Read(1, new float[12])));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => i / 255f), read);
        test.Read(0, read);
        Assert.Equal(new[] { 0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11 }.Select(i => i / 255f), read);
        var wrong = Npy("y2.npy", "<f4", "(2,)", new byte[8]);
        Assert.StartsWith($"{wrong}: holds <f4 of 1 dimensions; expected 1 dimensions of |u1", Assert.Throws<DataFileException>(() =>
            DataSection.Load($$"""{"npy":{"train_x":"{{first}}","train_y":"{{wrong}}" },"validation":{"samples":1} }""")).Message);
    }

    [Fact]
    public void Cifar_is_read_in_its_binary_version()
    {
        for (var batch = 1; batch <= 6; batch++)
        {
            byte[] records = [.. Enumerable.Range(0, 3).SelectMany(i => (byte[])[(byte)(batch + i), .. Enumerable.Range(0, 3072).Select(p => (byte)(batch + p))])];
            _folder.Write(batch < 6 ? $"data_batch_{batch}.bin" : "test_batch.bin", records);
        }

        var (train, test) = DataSection.Load($$"""{"cifar10":{"path":"{{_folder.Path}}"} }""");

        var pixels = new float[3072];
        Assert.Equal((15, 3, 4), (train.Count, test.Count, train.Read(4, pixels) + 1));
        Assert.Equal(((2 + 1024) % 256) / 255f, pixels[1024]);
        _folder.Write("test_batch.bin", new byte[3072]);
        Assert.Equal(
            $"{_folder.File("test_batch.bin")}: has 3072 bytes; expected records of 3073: 1 for labels, 3072 for pixels",
            Assert.Throws<DataFileException>(() => DataSection.Load($$"""{"cifar10":{"path":"{{_folder.Path}}"} }""")).Message);
    }

    private (DataSet Train, DataSet Evaluation) Load(string more) => DataSection.Load($$"""{"image_folder":{"path":"{{_folder.Path}}"}{{more}}}""");

    private string Npy(string name, string type, string shape, byte[] content)
    {
        var header = Encoding.ASCII.GetBytes($"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}\n");
        return _folder.Write(name, [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. header, .. content]);
    }
}
