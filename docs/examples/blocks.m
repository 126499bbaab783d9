function blocks(image, n, target)
% A superpixel method in MATLAB or Octave: blocks, as command[cmd=...] runs it.
%
%   octave-cli --quiet --path docs/examples --eval "blocks {image} {n} {labels}"
%   matlab -batch "addpath docs/examples; blocks {image} {n} {labels}"
%
% Written so, without parentheses, the arguments arrive as text.

n = str2double(n);
pixels = imread(image);
[height, width, ~] = size(pixels);
columns = max(1, round(sqrt(n * width / height)));
rows = max(1, round(n / columns));
[x, y] = meshgrid(0:width - 1, 0:height - 1);
labels = floor(y * rows / height) * columns + floor(x * columns / width);
save(strrep(target, '.png', '.mat'), 'labels', '-v7');
end
