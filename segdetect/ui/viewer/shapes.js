// What is painted, as shapes in shares of the picture, put on a mask one after the other: undo leaves the last one out.
const RECTANGLE = "rectangle";
const POLYGON = "polygon";
const BRUSH = "brush";
const ERASER = "eraser";

/** Put a shape on a mask; `size` of a brush is a share of the picture's shorter side. */
function putShape(context, { kind, points, size }) {
  const { width, height } = context.canvas;
  const at = ({ u, v }) => [u * width, v * height];
  context.globalCompositeOperation = kind === ERASER ? "destination-out" : "source-over";
  context.fillStyle = context.strokeStyle = "#000";
  context.beginPath();
  if (kind === RECTANGLE) {
    // Whole pixels, so that what is outside stays outside.
    const [[x0, y0], [x1, y1]] = points.map(at);
    const [left, right] = [Math.floor(Math.min(x0, x1)), Math.ceil(Math.max(x0, x1))];
    const [top, bottom] = [Math.floor(Math.min(y0, y1)), Math.ceil(Math.max(y0, y1))];
    context.fillRect(left, top, right - left, bottom - top);
    return;
  }
  for (const point of points) context.lineTo(...at(point));
  if (kind === POLYGON) {
    context.fill("evenodd");
    return;
  }
  if (points.length === 1) context.lineTo(...at(points[0]).map((side) => side + 0.01));
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = Math.max(1, size * Math.min(width, height));
  context.stroke();
}

/** The mask's size: the picture's, unless that is more than what is sent. */
function maskSize([width, height], most) {
  const scale = Math.min(1, Math.sqrt(most / (width * height)));
  return [width, height].map((side) => Math.max(1, Math.floor(side * scale)));
}

/** A mask as PNG, white where it is painted, in base64; without the half-covered pixels along its edges. */
function maskPng(mask) {
  const copy = document.createElement("canvas");
  copy.width = mask.width;
  copy.height = mask.height;
  const context = copy.getContext("2d");
  const from = mask.getContext("2d").getImageData(0, 0, mask.width, mask.height);
  for (let i = 0; i < from.data.length; i += 4) {
    const painted = from.data[i + 3] >= 128 ? 255 : 0;
    from.data[i] = from.data[i + 1] = from.data[i + 2] = painted;
    from.data[i + 3] = 255;
  }
  context.putImageData(from, 0, 0);
  return copy.toDataURL("image/png").split(",")[1];
}

/** Share of a mask that is painted, from a small copy of it. */
function paintedShare(mask) {
  const copy = document.createElement("canvas");
  copy.width = Math.min(200, mask.width);
  copy.height = Math.min(200, mask.height);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(mask, 0, 0, copy.width, copy.height);
  const { data } = context.getImageData(0, 0, copy.width, copy.height);
  let sum = 0;
  for (let i = 3; i < data.length; i += 4) sum += data[i];
  return sum / 255 / (data.length / 4);
}

// ---- how it looks --------------------------------------------------------------------------------------------------

let stripes = null;

/** Light lines beside dark ones on a veil, which show on any picture. */
function hatchPattern(context) {
  if (!stripes) {
    stripes = document.createElement("canvas");
    stripes.width = stripes.height = 12;
    const pen = stripes.getContext("2d");
    pen.fillStyle = "rgba(20, 21, 26, 0.45)";
    pen.fillRect(0, 0, 12, 12);
    for (const [colour, shift] of [["rgba(8, 9, 11, 0.85)", 1.6], ["rgb(206, 206, 214)", 0]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = 1.6;
      pen.beginPath();
      for (const start of [-12, 0, 12]) {
        pen.moveTo(start + shift - 2, 14);
        pen.lineTo(start + shift + 14, -2);
      }
      pen.stroke();
    }
  }
  return context.createPattern(stripes, "repeat");
}

/** Draw a mask's painted part hatched, where the picture lies. */
function drawHatching(canvas, stage, mask, size, place) {
  const context = prepare(canvas, stage);
  if (!mask) return;
  context.imageSmoothingEnabled = false;
  context.drawImage(mask, place.x, place.y, size[0] * place.scale, size[1] * place.scale);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = hatchPattern(context);
  context.fillRect(0, 0, stage.width, stage.height);
  context.globalCompositeOperation = "source-over";
}
