"""OpenGL programs of the film studio: skinning and light at the vertices, paint at the pixels, and the map of places.

Light is found per vertex: at film sizes a triangle of a head covers a few pixels, and software drivers draw four
times as fast. Only eyes, whose highlight is smaller than their triangles, are lit per pixel.
"""

VERTEX = """#version 330
uniform mat4 parts[5];      // head, neck, left eye, right eye, body
uniform float distance, gloss;
uniform vec3 lamps[3]; uniform vec3 colours[3]; uniform vec3 sky[9];
in vec3 position; in vec3 normal; in vec3 canonical; in vec2 uv; in vec4 weights; in vec4 surface; in vec4 open;
out vec3 light; out vec3 shine; out vec4 spot; out vec3 where; out float share; flat out float name;
out vec3 facing; out vec3 view; out float cavity;

vec3 around(vec3 n) {       // irradiance of nine spherical harmonics (Ramamoorthi & Hanrahan 2001), constants folded in
    return sky[0] + sky[1] * n.y + sky[2] * n.z + sky[3] * n.x + sky[4] * n.x * n.y + sky[5] * n.y * n.z
        + sky[6] * (3.0 * n.z * n.z - 1.0) + sky[7] * n.x * n.z + sky[8] * (n.x * n.x - n.y * n.y);
}

void main() {
    float rest = 1.0 - weights.x - weights.y - weights.z - weights.w;
    mat4 moved = weights.x * parts[0] + weights.y * parts[1] + weights.z * parts[2] + weights.w * parts[3];
    moved += rest * parts[4];
    vec4 posed = moved * vec4(position, 1.0);
    facing = normalize(mat3(moved) * normal); view = normalize(vec3(0.0, 0.0, distance) - posed.xyz);
    bool skinned = surface.y < 0.5, wet = surface.y > 1.5 && surface.y < 3.5, hair = surface.y > 3.5 && surface.y < 4.5;
    vec3 normal = (hair || surface.y > 6.5) && dot(facing, view) < 0.0 ? -facing : facing;
    share = weights.x + weights.z + weights.w; cavity = surface.z; where = vec3(uv, surface.x); name = surface.w;
    vec3 bent = mat3(moved) * open.yzw;     // with open.x: how much of the light from a direction arrives
    light = around(normal) * open.x; shine = vec3(0.0);
    float strength = wet ? 0.12 : skinned ? gloss * share : 0.03;
    for (int i = 0; i < 3; i++) {
        float wrapped = (dot(normal, lamps[i]) + 0.25) / 1.25;
        float arrives = clamp(open.x + dot(bent, lamps[i]), 0.0, 1.0);
        vec3 bleeding = skinned ? mix(vec3(1.0), vec3(1.08, 0.98, 0.94), 1.0 - wrapped) : vec3(1.0);
        light += colours[i] * max(wrapped, 0.0) * bleeding * arrives;
        float mirrored = max(dot(normal, normalize(lamps[i] + view)), 0.0);
        shine += colours[i] * pow(mirrored, wet ? 64.0 : 16.0) * strength * arrives;
    }
    light *= cavity; shine *= cavity;
    spot = vec4(canonical.x, -canonical.y, canonical.z, posed.z) * 0.5 + 0.5;
    float near = distance - 1.6, far = distance + 3.0, away = distance - posed.z;
    float depth = ((far + near) * away - 2.0 * far * near) / (far - near);
    gl_Position = vec4(distance * posed.x, -distance * posed.y, depth, away);
}
"""

FRAGMENT = """#version 330
uniform sampler2DArray skin;        // alpha: 0 clothes, 1/2 skin, 1 hair
in vec3 light; in vec3 shine; in vec4 spot; in vec3 where; in float share; flat in float name;
layout(location = 0) out vec4 picture;
layout(location = 1) out vec4 place;     // canonical x, y (down), z, posed z
layout(location = 2) out vec4 part;      // body or head; index into PARTS
void main() {
    vec4 painted = texture(skin, where);
    // Gamma 2 both ways: near enough, and much cheaper.
    picture = vec4(sqrt(clamp(painted.rgb * painted.rgb * light + shine, 0.0, 1.0)), 1.0);
    place = spot;
    float bare = share > 0.5 ? 0.0 : 0.25;
    float seen = painted.a > 0.75 ? 3.0 : painted.a < bare ? 1.0 : 2.0;
    part = vec4((share > 0.5 ? 2.0 : 1.0) / 255.0, (name > 0.5 ? name : seen) / 255.0, 0.0, 1.0);
}
"""

EYE_FRAGMENT = """#version 330
uniform sampler2DArray skin;
uniform vec3 lamps[3]; uniform vec3 colours[3];
in vec3 light; in vec4 spot; in vec3 where; in vec3 facing; in vec3 view; in float cavity; flat in float name;
layout(location = 0) out vec4 picture;
layout(location = 1) out vec4 place;
layout(location = 2) out vec4 part;
void main() {
    vec3 painted = texture(skin, where).rgb, normal = normalize(facing), seen = painted * painted * light;
    for (int i = 0; i < 3; i++) {
        float mirrored = max(dot(normal, normalize(lamps[i] + view)), 0.0);
        seen += 0.6 * cavity * colours[i] * pow(mirrored, 120.0);
    }
    picture = vec4(sqrt(clamp(seen, 0.0, 1.0)), 1.0); place = spot; part = vec4(2.0, name, 0.0, 255.0) / 255.0;
}
"""

LENS_FRAGMENT = """#version 330
uniform vec4 glare;         // colour and how much the glass holds back
uniform vec3 lamps[3];
in vec3 facing; in vec3 view;
out vec4 picture;
void main() {
    float mirrored = 0.0;
    for (int i = 0; i < 3; i++) mirrored += pow(max(dot(normalize(facing), normalize(lamps[i] + view)), 0.0), 80.0);
    picture = vec4(glare.rgb + vec3(0.9 * mirrored), clamp(glare.a + 0.4 * mirrored, 0.0, 0.9));
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
