// Melt in the mold: unit boxes and tubes placed by three axes an instance, coloured from a table.
export const VERTEX = /* glsl */ `
attribute vec3 origin;
attribute vec3 along;
attribute vec3 across;
attribute vec3 up;
attribute vec2 ends;
attribute float fill;
attribute vec2 caps;
varying float vValue;
varying float vPlace;
varying float vFill;
varying vec3 vNormal;
varying float vHide;
uniform float solid;

void main() {
  float share = solid > 0.5 ? fill : 1.0;
  vec3 place = origin + across * position.x + along * (position.y * share) + up * position.z;
  vValue = mix(ends.x, ends.y, position.y * share);
  vPlace = position.y;
  vFill = fill;
  // Faces between two parts of one channel are inside the melt: drawing them only makes seams.
  float open = normal.y > 0.5 ? (solid > 0.5 && fill < 0.995 ? 1.0 : caps.y) : normal.y < -0.5 ? caps.x : 1.0;
  vHide = 1.0 - open;
  vec3 n = normal.x * normalize(across) + normal.y * normalize(along) + normal.z * normalize(up);
  vNormal = normalize(n);
  gl_Position = projectionMatrix * modelViewMatrix * vec4(place, 1.0);
}
`;

export const FRAGMENT = /* glsl */ `
uniform sampler2D table;
uniform float solid;
uniform vec3 ghost;
uniform vec3 frontColour;
varying float vValue;
varying float vPlace;
varying float vFill;
varying vec3 vNormal;
varying float vHide;

void main() {
  if (vHide > 0.5) discard;
  // Light from above and a little from the left; weak, so that colours still read as values.
  float light = 0.80 + 0.20 * dot(normalize(vNormal), normalize(vec3(-0.35, -0.45, 0.82)));
  if (solid < 0.5) {
    gl_FragColor = vec4(ghost * light, 0.16);
    return;
  }
  if (vFill < 0.005) discard;
  vec3 colour = texture2D(table, vec2(clamp(vValue, 0.0, 1.0), 0.5)).rgb * light;
  float front = (vFill < 0.995 && vPlace > 0.72) ? 1.0 : 0.0;
  gl_FragColor = vec4(mix(colour, frontColour, front), 1.0);
}
`;
