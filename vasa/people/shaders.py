"""OpenGL programs of the film studio: skinning, soft lamps, and the map of places beside the picture."""

VERTEX = """#version 330
uniform mat4 parts[5];      // head, neck, left eye, right eye, body
uniform float distance;
in vec3 position; in vec3 normal; in vec3 canonical; in vec2 uv; in vec4 weights; in vec4 surface;
out vec3 at; out vec3 facing; out vec3 home; out vec2 where; out vec4 kind; out float share;
void main() {
    float rest = 1.0 - weights.x - weights.y - weights.z - weights.w;
    mat4 moved = weights.x * parts[0] + weights.y * parts[1] + weights.z * parts[2] + weights.w * parts[3];
    moved += rest * parts[4];
    vec4 posed = moved * vec4(position, 1.0);
    at = posed.xyz; facing = mat3(moved) * normal; home = canonical; where = uv; kind = surface;
    share = weights.x + weights.z + weights.w;
    float near = distance - 1.6, far = distance + 3.0, away = distance - posed.z;
    float depth = ((far + near) * away - 2.0 * far * near) / (far - near);
    gl_Position = vec4(distance * posed.x, -distance * posed.y, depth, away);
}
"""

FRAGMENT = """#version 330
uniform sampler2DArray skin;
uniform vec3 skin_tint, hair_tint, clothes_tint;
uniform vec3 skin_colour;   // of the face's texture, parts of its sum
uniform vec3 face_colour, crown_colour;     // the texture's, of the face and of the top of the head
uniform vec3 lamps[3]; uniform vec3 colours[3]; uniform vec3 ambient[2];
uniform float gloss, distance;
in vec3 at; in vec3 facing; in vec3 home; in vec2 where; in vec4 kind; in float share;
layout(location = 0) out vec4 picture;
layout(location = 1) out vec4 place;     // canonical x, y (down), z, posed z
layout(location = 2) out vec4 part;      // body or head; index into PARTS

int named(vec3 painted, float bare) {
    if (kind.y > 1.5) return kind.y > 3.5 ? 3 : 6;
    if (kind.y > 0.5) return 4;
    if (kind.x > 0.5) return 3;
    if (kind.w > 0.5) return kind.w > 1.5 ? 7 : 5;
    if (share > 0.5) {      // above the brows, at the temples or behind: what is nearer to the crown's colour is hair
        bool scalp = home.y > 0.36 || home.z < 0.2;
        return scalp && length(painted - crown_colour) < length(painted - face_colour) ? 3 : 2;
    }
    float bright = dot(painted, vec3(1.0)) / dot(face_colour, vec3(1.0));
    return bare > 0.5 && bright > 0.45 && bright < 1.6 ? 2 : 1;
}

void main() {
    vec3 normal = normalize(facing), view = normalize(vec3(0.0, 0.0, distance) - at);
    float towards = dot(normal, view);
    if (towards < 0.0 && kind.y > 3.5) normal = -normal;
    bool skinned = kind.y < 0.5, wet = kind.y > 0.5 && kind.y < 3.5, eye = kind.y > 0.5 && kind.y < 1.5;
    vec3 painted = texture(skin, vec3(where, kind.x)).rgb;
    float bare = 1.0 - smoothstep(0.05, 0.11, length(painted / (dot(painted, vec3(1.0)) + 0.02) - skin_colour));
    vec3 dyed = mix(clothes_tint, skin_tint, max(bare, smoothstep(0.3, 0.6, share)));
    vec3 tint = kind.x > 0.5 ? hair_tint : wet ? vec3(1.0) : dyed;
    vec3 albedo = painted * painted * tint;     // gamma 2 both ways: near enough, and much cheaper
    vec3 light = mix(ambient[0], ambient[1], 0.5 + 0.5 * normal.y);
    vec3 shine = vec3(0.0);
    float strength = eye ? 0.5 : wet ? 0.12 : skinned ? gloss * share : 0.04;
    for (int i = 0; i < 3; i++) {
        float wrapped = (dot(normal, lamps[i]) + 0.25) / 1.25;
        vec3 bleeding = skinned ? mix(vec3(1.0), vec3(1.08, 0.98, 0.94), 1.0 - wrapped) : vec3(1.0);
        light += colours[i] * max(wrapped, 0.0) * bleeding;
        float mirrored = max(dot(normal, normalize(lamps[i] + view)), 0.0);
        mirrored *= mirrored; mirrored *= mirrored; mirrored *= mirrored; mirrored *= mirrored;    // to the 16th
        shine += colours[i] * (wet ? mirrored * mirrored * mirrored * mirrored : mirrored) * strength;
    }
    // The inside of the head shows through the open mouth.
    float inside = kind.y < 0.5 && share > 0.5 ? smoothstep(-0.25, -0.5, towards) : 0.0;
    vec3 seen = (albedo * light + shine) * kind.z * (1.0 - 0.97 * inside);
    picture = vec4(sqrt(clamp(seen, 0.0, 1.0)), 1.0);
    place = vec4(home.x, -home.y, home.z, at.z) * 0.5 + 0.5;
    part = vec4((share > 0.5 ? 2.0 : 1.0) / 255.0, float(named(painted, bare)) / 255.0, 0.0, 1.0);
}
"""

SCREEN_VERTEX = """#version 330
out vec2 where;
void main() {
    where = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0;
    gl_Position = vec4(where * 2.0 - 1.0, 0.99999, 1.0);
}
"""

BACKDROP_FRAGMENT = """#version 330
uniform sampler2D scene;
in vec2 where;
layout(location = 0) out vec4 picture;
layout(location = 1) out vec4 place;
layout(location = 2) out vec4 part;
void main() { picture = vec4(texture(scene, where).rgb, 1.0); place = vec4(0.0); part = vec4(0.0); }
"""

PICK_FRAGMENT = """#version 330
uniform sampler2DMS places, part;
uniform int cell;           // pixels of the picture
layout(location = 0) out vec4 place;
layout(location = 1) out vec4 which;
void main() {
    ivec2 middle = ivec2(gl_FragCoord.xy) * cell + cell / 2;
    place = texelFetch(places, middle, 0); which = texelFetch(part, middle, 0);
}
"""
